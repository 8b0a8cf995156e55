"""Measurements that anybody can repeat: `bihuan bench`."""
