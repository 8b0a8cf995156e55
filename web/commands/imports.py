"""`bihuan import`: cases from a spreadsheet, with a report of the rows that were not taken."""
