"""What the loops observe, as facts: one dataclass a kind. Metrics, logs and health are made from them.

Promise:  no code's value is in a fact, and a request's id only where one request is the subject; what is observed of
          every batch is figures.
"""
