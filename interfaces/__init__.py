"""Interface descriptions for other teams' tools, generated from the models: JSON Schemas, AsyncAPI, OpenAPI."""
