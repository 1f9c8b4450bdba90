"""One upstream stream shared by many viewers. Knows nothing of Channels or Django."""
