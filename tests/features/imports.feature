Feature: Codes come from files
  A file has one code a line. What cannot be used is left out and listed. What is there already changes nothing.

  Scenario: A file is imported
    When a file with these lines is imported:
      | line     |
      | code     |
      | SPRING-1 |
      | SPRING-2 |
      | SPRING-3 |
    Then the import has counted:
      | read | new | already there | rejected |
      | 3    | 3   | 0             | 0        |
    And the campaign has 3 available, 0 reserved and 0 assigned codes

  Scenario: A file with lines that hold no usable code
    When a file with these lines is imported:
      | line           |
      | code           |
      | SPRING-1       |
      | SPRING 2       |
      | SPRING-3       |
      | SPRING-é       |
    Then the import has counted:
      | read | new | already there | rejected |
      | 4    | 2   | 0             | 2        |
    And the rejected lines are 3 and 5
    And the list of rejected lines shows no code
    And the campaign has 2 available, 0 reserved and 0 assigned codes

  Scenario: Two files overlap
    Given a file with these lines is imported:
      | line     |
      | code     |
      | SPRING-1 |
      | SPRING-2 |
    When a file with these lines is imported:
      | line     |
      | code     |
      | SPRING-2 |
      | SPRING-3 |
      | SPRING-3 |
    Then the import has counted:
      | read | new | already there | rejected |
      | 3    | 1   | 2             | 0        |
    And the campaign has 3 available, 0 reserved and 0 assigned codes

  Scenario: A code that a fan has is not loaded a second time
    Given a file with these lines is imported:
      | line     |
      | code     |
      | SPRING-1 |
    And Ana is assigned a code straight from stock
    When a file with these lines is imported:
      | line     |
      | code     |
      | SPRING-1 |
    Then the import has counted:
      | read | new | already there | rejected |
      | 1    | 0   | 1             | 0        |
    And the campaign has 0 available, 0 reserved and 1 assigned codes

  Scenario: A file that is not there
    When a file that does not exist is imported
    Then the import has failed
