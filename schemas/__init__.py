"""What crosses a wire or a disk: requests, results, events, documents, settings. Imports nothing of ours."""
