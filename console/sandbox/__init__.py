"""A local stand-in for the Workflows API on a real Temporal server.

    engine      starts and ends the server, connects to it
    workflows/  what the worker runs, written for reading
    worker      runs them, and reports what happens as events, logs and spans
    telemetry   keeps those, in memory and bounded
    promises    what the API promises and the engine does not do
    http/       the API's addresses
    start, seed starting executions: one, and those that a visitor finds
    serve       the process

What happens to an execution is the engine's doing. Nothing here is shared with the console's own client.
"""
