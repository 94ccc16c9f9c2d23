"""What the parts promise each other: zope interfaces, one file per subject, no code."""
