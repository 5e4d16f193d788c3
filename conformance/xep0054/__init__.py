"""vcard-temp."""
