"""Alembic migrations of all tables, packaged with the engine."""
