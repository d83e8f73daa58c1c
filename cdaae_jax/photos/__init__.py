"""A whole photo: opened, its faces changed, and given back as the same kind of thing."""
