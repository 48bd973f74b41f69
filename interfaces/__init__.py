"""The interfaces described for other teams' tools: JSON Schemas, AsyncAPI 3.0, OpenAPI. Made of the models."""
