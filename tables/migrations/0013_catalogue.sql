-- Which entry of the catalogue (tables/catalogue) an action was added from; null: of none.

ALTER TABLE actions ADD COLUMN entry TEXT;
