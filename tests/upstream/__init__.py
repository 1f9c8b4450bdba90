"""The API client against a server that fails as it is told."""

KEY = "sk-not-to-be-seen-0123456789"
