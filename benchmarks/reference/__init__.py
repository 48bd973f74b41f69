"""The data model that limits are measured on. It stays as it is when the service's model changes.

In:   nothing of the service.
Out:  collections with indexes and validators (`model.json`), documents, and the statements of a batch.
"""
