"""Software Version."""
