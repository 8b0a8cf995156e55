"""The BPM engine of Bihuan; these public names are all that may be imported from outside."""
