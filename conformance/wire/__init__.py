"""The raw client: sends any bytes, sees every event, negotiates as far as a case wants."""
