"""One upstream stream shared by many viewers. Knows nothing of Channels or Django.

    messages     what viewers get: rows, states and gaps, as the text that is sent
    connection   one upstream connection: its events, each with an id to go on after
    buffer       the rows that are kept for viewers
    feed         rows on their way from a connection into a buffer, in ticks
    relay        one stream, kept connected to upstream
    replay       a short connection for viewers from before a relay's buffer
    followers    viewers who have all rows of a relay, and are sent new ones at once
    window       what is on its way to a viewer
    viewer       one viewer's place: what it was sent, what it acknowledged, what it still lacks
    hub          which relays run in this process, and who watches them

A hub, its relays and its viewers live on one event loop.
"""
