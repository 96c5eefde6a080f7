"""What the database keeps by itself: the words of the search, and the number of applications."""

from django.db import migrations

WORDS = r"""
CREATE FUNCTION gigs_words(text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT regexp_replace(lower($1), '[!-/:-@\[-`{-~\s]+', ' ', 'g')
$$;
COMMENT ON FUNCTION gigs_words IS 'A text as the search reads it: lower case, no ASCII punctuation.';

CREATE FUNCTION gigs_headline(gigs_gig) RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT gigs_words(concat_ws(' ', array_to_string($1.skills, ' '), category.name, category.name_hi, parent.name, parent.name_hi))
    FROM accounts_category category LEFT JOIN accounts_category parent ON parent.id = category.parent_id
    WHERE category.id = $1.category_id
$$;
COMMENT ON FUNCTION gigs_headline IS 'Skills and category of a gig, as the search reads them.';

CREATE FUNCTION gigs_index_gig() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    NEW.search_document :=
        setweight(to_tsvector('english', gigs_words(NEW.title)), 'A')
        || setweight(to_tsvector('english', gigs_headline(NEW)), 'B')
        || setweight(to_tsvector('english', gigs_words(NEW.description)), 'D');
    RETURN NEW;
END $$;
CREATE TRIGGER gigs_index_gig BEFORE INSERT OR UPDATE OF title, description, skills, category_id ON gigs_gig
    FOR EACH ROW EXECUTE FUNCTION gigs_index_gig();

CREATE FUNCTION gigs_learn_words() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO gigs_searchword (word)
    SELECT DISTINCT piece.word
    FROM regexp_split_to_table(gigs_words(NEW.title) || ' ' || gigs_headline(NEW), ' ') AS piece(word)
    WHERE length(piece.word) BETWEEN 3 AND 40 AND piece.word !~ '^[0-9]+$'
    ORDER BY piece.word
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER gigs_learn_words AFTER INSERT OR UPDATE OF title, skills, category_id ON gigs_gig
    FOR EACH ROW EXECUTE FUNCTION gigs_learn_words();
"""

FORGET_WORDS = """
DROP TRIGGER gigs_learn_words ON gigs_gig;
DROP FUNCTION gigs_learn_words();
DROP TRIGGER gigs_index_gig ON gigs_gig;
DROP FUNCTION gigs_index_gig();
DROP FUNCTION gigs_headline(gigs_gig);
DROP FUNCTION gigs_words(text);
"""

COUNT = """
CREATE FUNCTION gigs_count_applications() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    before integer := CASE WHEN TG_OP <> 'INSERT' AND OLD.status <> 'withdrawn' THEN 1 ELSE 0 END;
    after integer := CASE WHEN TG_OP <> 'DELETE' AND NEW.status <> 'withdrawn' THEN 1 ELSE 0 END;
BEGIN
    IF before <> after THEN
        UPDATE gigs_gig SET applications_count = applications_count + after - before
        WHERE id = CASE WHEN TG_OP = 'DELETE' THEN OLD.gig_id ELSE NEW.gig_id END;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER gigs_count_applications AFTER INSERT OR DELETE OR UPDATE OF status ON gigs_application
    FOR EACH ROW EXECUTE FUNCTION gigs_count_applications();
"""

STOP_COUNTING = """
DROP TRIGGER gigs_count_applications ON gigs_application;
DROP FUNCTION gigs_count_applications();
"""


class Migration(migrations.Migration):
    dependencies = [("gigs", "0001_initial"), ("accounts", "0001_initial")]

    operations = [migrations.RunSQL(WORDS, FORGET_WORDS), migrations.RunSQL(COUNT, STOP_COUNTING)]
