"""Training of intake's classifier: from a file of labelled messages to a model on the shelf of the data folder."""
