"""One upstream stream shared by many viewers. Knows nothing of Channels or Django.

    hub          which relays run in this process, and who watches them
    relay        one stream, kept connected to upstream
    connection   one upstream connection: its events, each with an id to go on after
    buffer       the rows a relay remembers
    viewer       one viewer's place: what it was sent, what it acknowledged, what it still lacks

A hub, its relays and its viewers live on one event loop.
"""
