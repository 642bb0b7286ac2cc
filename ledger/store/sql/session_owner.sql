-- The owner acts as itself, even where its login is set to act as the service.
SET ROLE NONE;
