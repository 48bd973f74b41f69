"""`codes top`: the inventory's figures at a terminal. `api` reads them, `frame` lays out, `live` refreshes."""
