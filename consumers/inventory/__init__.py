"""The inventory: counts of every campaign, folded by Faust, and the view that answers are made from."""
