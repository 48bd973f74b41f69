"""The state outside: MongoDB (motor only in `stores.mongo`) and S3 (aioboto3 only in `stores.s3`)."""
