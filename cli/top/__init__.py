"""`codes top`: the inventory's figures at a terminal. `api` reads them, `frame` lays them out, `live` refreshes."""
