"""The staff pages on events: each view parses, calls one service, and shows what came."""
