"""The set of people who do not exist: a procedural renderer of faces with exact identities and expressions."""
