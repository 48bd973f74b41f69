"""`codes top`: the inventory's figures at a terminal. `api` asks, `frame` lays out, `live` keeps fresh."""
