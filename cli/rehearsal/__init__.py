"""`codes rehearse`: the requests of a sale, sent at its pace, and what became of them."""
