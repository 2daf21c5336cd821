-- Models that their service has said it makes no more videos with, and until when that is believed.
CREATE TABLE given_up_models (
    model TEXT PRIMARY KEY,
    until_at BIGINT NOT NULL
);
