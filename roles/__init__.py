"""The composition root: from settings to a running worker, importer, expirer or inventory."""
