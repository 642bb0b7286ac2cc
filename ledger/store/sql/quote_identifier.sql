-- A role's name, quoted for use in a statement that takes no parameters.
SELECT quote_ident($1)
