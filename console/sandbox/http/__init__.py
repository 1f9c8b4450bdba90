"""The API's addresses, over the engine and the telemetry."""
