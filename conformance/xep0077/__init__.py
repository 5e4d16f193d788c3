"""In-Band Registration."""
