-- Who we are.
SELECT current_user::text
