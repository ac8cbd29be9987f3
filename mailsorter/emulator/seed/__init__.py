"""Filling a store: from folders of mail files, or with a synthetic consultancy."""
