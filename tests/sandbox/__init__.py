"""The sandbox: its parts, its addresses, its process. What the clients make of it is in tests/contract."""
