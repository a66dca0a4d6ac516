-- SPDX-License-Identifier: Apache-2.0
-- What triggers on this table would not see, in words. Rows that a foreign key deletes or changes fire none.
SELECT CASE WHEN t.TABLE_TYPE NOT IN ('BASE TABLE', 'SYSTEM VERSIONED') THEN CONCAT('it is a ', LOWER(t.TABLE_TYPE))
            WHEN COALESCE(e.TRANSACTIONS, 'NO') <> 'YES'
                THEN CONCAT('its engine ', t.ENGINE, ' has no transactions: ALTER TABLE ... ENGINE=InnoDB makes it fit')
            ELSE CONCAT('rows that foreign key ', k.CONSTRAINT_NAME, ' deletes or changes with those of table ',
                        k.REFERENCED_TABLE_NAME, ' fire no trigger: make it RESTRICT') END
FROM information_schema.TABLES AS t
LEFT JOIN information_schema.ENGINES AS e ON e.ENGINE = t.ENGINE
LEFT JOIN information_schema.REFERENTIAL_CONSTRAINTS AS k
       ON k.CONSTRAINT_SCHEMA = t.TABLE_SCHEMA AND k.TABLE_NAME = t.TABLE_NAME
      AND (k.DELETE_RULE IN ('CASCADE', 'SET NULL', 'SET DEFAULT')
           OR k.UPDATE_RULE IN ('CASCADE', 'SET NULL', 'SET DEFAULT'))
WHERE t.TABLE_SCHEMA = COALESCE(?, DATABASE()) AND t.TABLE_NAME = ?
  AND (t.TABLE_TYPE NOT IN ('BASE TABLE', 'SYSTEM VERSIONED') OR COALESCE(e.TRANSACTIONS, 'NO') <> 'YES'
       OR k.CONSTRAINT_NAME IS NOT NULL)
