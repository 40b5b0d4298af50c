"""What others may be shown of the disputes store."""
