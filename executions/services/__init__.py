"""What a page needs, made from what the API gives."""
