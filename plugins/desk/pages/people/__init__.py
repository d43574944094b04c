"""Pages on people who come and go: invitations, leaving, and where somebody is signed in."""
