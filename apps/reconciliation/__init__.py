"""What reconciliation has found, laid out for staff."""
