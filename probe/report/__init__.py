"""Tables, figures and the page. Does not know how a number is computed."""
