"""What joins the rooms that do not know each other: a request, resolved, planned, read and merged."""
