-- Where we are, quoted for use in a statement that takes no parameters.
SELECT quote_ident(current_database())
