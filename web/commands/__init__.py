"""The commands of `bihuan`, one module for each kind of user or thing."""
