"""`make evaluate`: how well intake's classifier does on labelled messages that it has not seen."""
