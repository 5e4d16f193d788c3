"""HTTP File Upload."""
