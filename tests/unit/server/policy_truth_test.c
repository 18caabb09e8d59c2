/* The truth table of policies: one statement (or a few), one question, AWS's answer, and where AWS
 * says so. In the table ' stands for ", so that JSON can be read. */
#include "base/clock.h"
#include "base/fields.h"
#include "server/auth/policy.h"
#include "tests/unit/test.h"

/* Where AWS says so. */
#define ELEMENTS "IAM: JSON policy elements reference"
#define ACTION "IAM: JSON policy elements: Action"
#define NOT_ACTION "IAM: JSON policy elements: NotAction"
#define RESOURCE "IAM: JSON policy elements: Resource"
#define NOT_RESOURCE "IAM: JSON policy elements: NotResource"
#define PRINCIPAL "IAM: JSON policy elements: Principal"
#define NOT_PRINCIPAL "IAM: JSON policy elements: NotPrincipal"
#define OPERATORS "IAM: Condition operators"
#define SEVERAL "IAM: Conditions with multiple context keys or values"
#define SETS "IAM: Set operators for multivalued context keys"
#define VARIABLES "IAM: Variables and tags"
#define LOGIC "IAM: Policy evaluation logic"
#define S3_ARNS "S3: Policy resources for Amazon S3"
#define S3_KEYS "S3: Condition keys"
#define S3_EXAMPLES "S3: Examples of bucket policies"
#define S3_PUBLIC "S3: Blocking public access, The meaning of public"
#define S3_ERRORS "S3: Error responses, MalformedPolicy"

/* Statements. */
#define S(effect, who, action, resource)                                                           \
    "{'Effect':'" effect "','Principal':" who ",'Action':'" action "','Resource':'" resource "'}"
#define ALL "'*'"
#define DOES(action) S("Allow", ALL, action, "arn:aws:s3:::b/*")
#define ON(resource) S("Allow", ALL, "s3:GetObject", resource)
#define FOR(who) S("Allow", who, "s3:GetObject", "arn:aws:s3:::b/*")
#define IF(condition)                                                                              \
    "{'Effect':'Allow','Principal':'*','Action':'s3:*','Resource':'*','Condition':{" condition "}" \
                                                                                               "}"
#define DENY_IF(condition)                                                                         \
    "{'Effect':'Deny','Principal':'*','Action':'s3:*','Resource':'*','Condition':{" condition "}}"
#define OPEN S("Allow", ALL, "s3:*", "*")
#define BY_ACCOUNT(id) "{'AWS':'" id "'}"

#define GET "alice s3:GetObject b/k"

struct row {
    int line;
    const char *source;
    const char *statements;
    const char *ask; /* who, action, resource below arn:aws:s3:::, then key=value|value ... */
    char want;       /* A: allowed; a: only to the account; D: denied; -: says nothing */
};

static const struct row rows[] = {
    /* actions */
    { __LINE__, ACTION, DOES("s3:GetObject"), GET, 'A' },
    { __LINE__, ACTION, DOES("s3:getobject"), GET, 'A' },
    { __LINE__, ACTION, DOES("S3:GETOBJECT"), GET, 'A' },
    { __LINE__, ACTION, DOES("s3:PutObject"), GET, '-' },
    { __LINE__, ACTION, DOES("s3:Get*"), GET, 'A' },
    { __LINE__, ACTION, DOES("s3:*Object"), GET, 'A' },
    { __LINE__, ACTION, DOES("s3:*"), GET, 'A' },
    { __LINE__, ACTION, DOES("*"), GET, 'A' },
    { __LINE__, ACTION, DOES("s3:GetObjec?"), GET, 'A' },
    { __LINE__, ACTION, DOES("s3:GetObject?"), GET, '-' },
    { __LINE__, ACTION, DOES("s3:Get*Acl"), GET, '-' },
    { __LINE__, ACTION, DOES("s3:Get*Acl"), "alice s3:GetObjectAcl b/k", 'A' },
    { __LINE__, ACTION, DOES("s3:GetObject"), "alice s3:GetObjectVersion b/k", '-' },
    { __LINE__, ACTION, DOES("s3:GetObject*"), "alice s3:GetObjectVersion b/k", 'A' },
    { __LINE__, ACTION,
      "{'Effect':'Allow','Principal':'*','Action':['s3:PutObject','s3:GetObject'],"
      "'Resource':'*'}",
      GET, 'A' },
    { __LINE__, NOT_ACTION,
      "{'Effect':'Allow','Principal':'*','NotAction':'s3:PutObject',"
      "'Resource':'*'}",
      GET, 'A' },
    { __LINE__, NOT_ACTION,
      "{'Effect':'Allow','Principal':'*','NotAction':'s3:Get*',"
      "'Resource':'*'}",
      GET, '-' },
    { __LINE__, NOT_ACTION,
      "{'Effect':'Deny','Principal':'*','NotAction':'s3:Get*',"
      "'Resource':'*'}",
      "alice s3:PutObject b/k", 'D' },
    { __LINE__, NOT_ACTION,
      "{'Effect':'Deny','Principal':'*','NotAction':['s3:Get*','s3:List*'],"
      "'Resource':'*'}",
      GET, '-' },
    /* resources */
    { __LINE__, RESOURCE, ON("arn:aws:s3:::b/k"), GET, 'A' },
    { __LINE__, RESOURCE, ON("arn:aws:s3:::b/K"), GET, '-' },
    { __LINE__, RESOURCE, ON("*"), GET, 'A' },
    { __LINE__, S3_ARNS, ON("arn:aws:s3:::*"), GET, 'A' },
    { __LINE__, S3_ARNS, ON("arn:aws:s3:::b"), GET, '-' },
    { __LINE__, S3_ARNS, ON("arn:aws:s3:::b*"), GET, 'A' },
    { __LINE__, S3_ARNS, ON("arn:aws:s3:::b/*"), GET, 'A' },
    { __LINE__, S3_ARNS, ON("arn:aws:s3:::b/*"), "alice s3:GetObject b", '-' },
    { __LINE__, S3_ARNS, ON("arn:aws:s3:::b/*"), "alice s3:GetObject b/", 'A' },
    { __LINE__, S3_ARNS, ON("arn:aws:s3:::b/logs/*"), "alice s3:GetObject b/logs/2026/01", 'A' },
    { __LINE__, S3_ARNS, ON("arn:aws:s3:::b/logs/*"), "alice s3:GetObject b/log", '-' },
    { __LINE__, S3_ARNS, ON("arn:aws:s3:::b/*.jpg"), "alice s3:GetObject b/a/b.jpg", 'A' },
    { __LINE__, S3_ARNS, ON("arn:aws:s3:::b/*.jpg"), "alice s3:GetObject b/a/b.jpeg", '-' },
    { __LINE__, S3_ARNS, ON("arn:aws:s3:::b/?"), GET, 'A' },
    { __LINE__, S3_ARNS, ON("arn:aws:s3:::b/?"), "alice s3:GetObject b/kk", '-' },
    { __LINE__, S3_ARNS, ON("arn:aws:s3:::b/?"), "alice s3:GetObject b/\xc3\xa9", 'A' },
    { __LINE__, S3_ARNS, ON("arn:aws:s3:::b/a*c*e"), "alice s3:GetObject b/abcde", 'A' },
    { __LINE__, S3_ARNS, ON("arn:aws:s3:::b/a*c*e"), "alice s3:GetObject b/abcdef", '-' },
    { __LINE__, S3_ARNS, ON("arn:aws:s3:::b/a**e"), "alice s3:GetObject b/ae", 'A' },
    { __LINE__, RESOURCE, ON("arn:aws:*:::b/k"), GET, 'A' },
    { __LINE__, RESOURCE, ON("arn:*:b/k"), GET, 'A' },
    { __LINE__, RESOURCE, ON("arn:aws:s3:*:*:b/k"), GET, 'A' },
    { __LINE__, RESOURCE, ON("arn:aws:s3:us-east-1::b/k"), GET, '-' },
    { __LINE__, S3_ARNS, ON("arn:aws:s3:::b/x:y*"), "alice s3:GetObject b/x:y:z", 'A' },
    { __LINE__, NOT_RESOURCE,
      "{'Effect':'Deny','Principal':'*','Action':'s3:*',"
      "'NotResource':'arn:aws:s3:::b/open/*'}",
      GET, 'D' },
    { __LINE__, NOT_RESOURCE,
      "{'Effect':'Deny','Principal':'*','Action':'s3:*',"
      "'NotResource':'arn:aws:s3:::b/open/*'}",
      "alice s3:GetObject b/open/k", '-' },
    { __LINE__, NOT_RESOURCE,
      "{'Effect':'Allow','Principal':'*','Action':'s3:*',"
      "'NotResource':['arn:aws:s3:::b/a','arn:aws:s3:::b/k']}",
      GET, '-' },
    /* principals */
    { __LINE__, PRINCIPAL, FOR("'*'"), GET, 'A' },
    { __LINE__, PRINCIPAL, FOR("'*'"), "anon s3:GetObject b/k", 'A' },
    { __LINE__, PRINCIPAL, FOR("{'AWS':'*'}"), "anon s3:GetObject b/k", 'A' },
    { __LINE__, PRINCIPAL, FOR("{'AWS':'*'}"), "bob s3:GetObject b/k", 'A' },
    { __LINE__, PRINCIPAL, FOR("{'AWS':'111122223333'}"), GET, 'a' },
    { __LINE__, PRINCIPAL, FOR("{'AWS':'arn:aws:iam::111122223333:root'}"), GET, 'a' },
    { __LINE__, PRINCIPAL, FOR("{'AWS':'arn:aws:iam::111122223333:root'}"), "root s3:GetObject b/k",
      'a' },
    { __LINE__, PRINCIPAL, FOR("{'AWS':'111122223333'}"), "bob s3:GetObject b/k", '-' },
    { __LINE__, PRINCIPAL, FOR("{'AWS':'111122223333'}"), "anon s3:GetObject b/k", '-' },
    { __LINE__, PRINCIPAL, FOR("{'AWS':'arn:aws:iam::111122223333:user/alice'}"), GET, 'A' },
    { __LINE__, PRINCIPAL, FOR("{'AWS':'arn:aws:iam::111122223333:user/Alice'}"), GET, '-' },
    { __LINE__, PRINCIPAL, FOR("{'AWS':'arn:aws:iam::111122223333:user/carol'}"), GET, '-' },
    { __LINE__, PRINCIPAL, FOR("{'AWS':'arn:aws:iam::444455556666:user/alice'}"), GET, '-' },
    { __LINE__, PRINCIPAL, FOR("{'AWS':['444455556666','111122223333']}"), GET, 'a' },
    { __LINE__, PRINCIPAL, FOR("{'AWS':['111122223333','arn:aws:iam::111122223333:user/alice']}"),
      GET, 'A' },
    { __LINE__, PRINCIPAL, FOR("{'AWS':'arn:aws:iam::111122223333:role/deployer'}"),
      "session s3:GetObject b/k", 'A' },
    { __LINE__, PRINCIPAL, FOR("{'AWS':'arn:aws:iam::111122223333:role/team/deployer'}"),
      "session s3:GetObject b/k", 'A' },
    { __LINE__, PRINCIPAL, FOR("{'AWS':'arn:aws:iam::111122223333:role/other'}"),
      "session s3:GetObject b/k", '-' },
    { __LINE__, PRINCIPAL, FOR("{'AWS':'arn:aws:sts::111122223333:assumed-role/deployer/run'}"),
      "session s3:GetObject b/k", 'A' },
    { __LINE__, PRINCIPAL, FOR("{'AWS':'arn:aws:sts::111122223333:assumed-role/deployer/other'}"),
      "session s3:GetObject b/k", '-' },
    { __LINE__, PRINCIPAL, FOR("{'AWS':'111122223333'}"), "session s3:GetObject b/k", 'a' },
    { __LINE__, PRINCIPAL, FOR("{'AWS':'arn:aws:iam::111122223333:role/deployer'}"), GET, '-' },
    { __LINE__, PRINCIPAL, FOR("{'CanonicalUser':'c0ffee'}"), GET, 'a' },
    { __LINE__, PRINCIPAL, FOR("{'CanonicalUser':'decaf'}"), GET, '-' },
    { __LINE__, PRINCIPAL, FOR("{'Service':'s3.amazonaws.com'}"), GET, '-' },
    { __LINE__, PRINCIPAL, FOR("{'Service':'s3.amazonaws.com'}"), "service s3:GetObject b/k", 'A' },
    { __LINE__, PRINCIPAL, FOR("{'Service':'ec2.amazonaws.com'}"), "service s3:GetObject b/k",
      '-' },
    { __LINE__, PRINCIPAL, FOR("{'AWS':'111122223333','Service':'s3.amazonaws.com'}"),
      "service s3:GetObject b/k", 'A' },
    { __LINE__, PRINCIPAL, FOR("{'Federated':'cognito-identity.amazonaws.com'}"), GET, '-' },
    { __LINE__, NOT_PRINCIPAL,
      "{'Effect':'Deny','NotPrincipal':{'AWS':"
      "'arn:aws:iam::111122223333:user/alice'},'Action':'s3:*',"
      "'Resource':'*'}",
      GET, '-' },
    { __LINE__, NOT_PRINCIPAL,
      "{'Effect':'Deny','NotPrincipal':{'AWS':"
      "'arn:aws:iam::111122223333:user/alice'},'Action':'s3:*',"
      "'Resource':'*'}",
      "bob s3:GetObject b/k", 'D' },
    { __LINE__, NOT_PRINCIPAL,
      "{'Effect':'Deny','NotPrincipal':{'AWS':'111122223333'},"
      "'Action':'s3:*','Resource':'*'}",
      "anon s3:GetObject b/k", 'D' },
    /* strings */
    { __LINE__, OPERATORS, IF("'StringEquals':{'s3:x-amz-acl':'private'}"),
      GET " s3:x-amz-acl=private", 'A' },
    { __LINE__, OPERATORS, IF("'StringEquals':{'s3:x-amz-acl':'private'}"),
      GET " s3:x-amz-acl=Private", '-' },
    { __LINE__, OPERATORS, IF("'StringEquals':{'s3:x-amz-acl':'private'}"), GET, '-' },
    { __LINE__, OPERATORS, IF("'StringEquals':{'S3:X-AMZ-ACL':'private'}"),
      GET " s3:x-amz-acl=private", 'A' },
    { __LINE__, SEVERAL, IF("'StringEquals':{'s3:x-amz-acl':['private','public-read']}"),
      GET " s3:x-amz-acl=public-read", 'A' },
    { __LINE__, SEVERAL, IF("'StringEquals':{'s3:x-amz-acl':'private','s3:prefix':'a'}"),
      GET " s3:x-amz-acl=private", '-' },
    { __LINE__, SEVERAL, IF("'StringEquals':{'s3:x-amz-acl':'private','s3:prefix':'a'}"),
      GET " s3:x-amz-acl=private s3:prefix=a", 'A' },
    { __LINE__, SEVERAL,
      IF("'StringEquals':{'s3:prefix':'a'},'Bool':{'aws:SecureTransport':'true'}"),
      GET " s3:prefix=a aws:securetransport=false", '-' },
    { __LINE__, OPERATORS, IF("'StringEquals':{'s3:prefix':'a*'}"), GET " s3:prefix=ab", '-' },
    { __LINE__, OPERATORS, IF("'StringEquals':{'s3:prefix':''}"), GET " s3:prefix=", 'A' },
    { __LINE__, OPERATORS, IF("'StringNotEquals':{'s3:prefix':'a'}"), GET " s3:prefix=b", 'A' },
    { __LINE__, OPERATORS, IF("'StringNotEquals':{'s3:prefix':'a'}"), GET " s3:prefix=a", '-' },
    { __LINE__, OPERATORS, IF("'StringNotEquals':{'s3:prefix':'a'}"), GET, 'A' },
    { __LINE__, SEVERAL, IF("'StringNotEquals':{'s3:prefix':['a','b']}"), GET " s3:prefix=b", '-' },
    { __LINE__, SEVERAL, IF("'StringNotEquals':{'s3:prefix':['a','b']}"), GET " s3:prefix=c", 'A' },
    { __LINE__, OPERATORS, IF("'StringEqualsIgnoreCase':{'s3:prefix':'aB'}"), GET " s3:prefix=Ab",
      'A' },
    { __LINE__, OPERATORS, IF("'StringEqualsIgnoreCase':{'s3:prefix':'aB'}"), GET " s3:prefix=Abc",
      '-' },
    { __LINE__, OPERATORS, IF("'StringNotEqualsIgnoreCase':{'s3:prefix':'aB'}"),
      GET " s3:prefix=AB", '-' },
    { __LINE__, OPERATORS, IF("'StringNotEqualsIgnoreCase':{'s3:prefix':'aB'}"), GET " s3:prefix=x",
      'A' },
    { __LINE__, OPERATORS, IF("'StringLike':{'s3:prefix':'home/*'}"), GET " s3:prefix=home/a/b",
      'A' },
    { __LINE__, OPERATORS, IF("'StringLike':{'s3:prefix':'home/*'}"), GET " s3:prefix=Home/a",
      '-' },
    { __LINE__, OPERATORS, IF("'StringLike':{'s3:prefix':'home/?'}"), GET " s3:prefix=home/a",
      'A' },
    { __LINE__, OPERATORS, IF("'StringLike':{'s3:prefix':'home/?'}"), GET " s3:prefix=home/", '-' },
    { __LINE__, OPERATORS, IF("'StringLike':{'s3:prefix':['a*','b*']}"), GET " s3:prefix=bc", 'A' },
    { __LINE__, OPERATORS, IF("'StringLike':{'s3:prefix':'*'}"), GET " s3:prefix=", 'A' },
    { __LINE__, OPERATORS, IF("'StringLike':{'s3:prefix':'*'}"), GET, '-' },
    { __LINE__, OPERATORS, IF("'StringNotLike':{'s3:prefix':'home/*'}"), GET " s3:prefix=home/a",
      '-' },
    { __LINE__, OPERATORS, IF("'StringNotLike':{'s3:prefix':'home/*'}"), GET " s3:prefix=x", 'A' },
    { __LINE__, OPERATORS, IF("'StringNotLike':{'s3:prefix':'home/*'}"), GET, 'A' },
    { __LINE__, S3_KEYS, IF("'StringEquals':{'s3:ExistingObjectTag/Team':'red'}"),
      GET " s3:existingobjecttag/Team=red", 'A' },
    { __LINE__, S3_KEYS, IF("'StringEquals':{'s3:ExistingObjectTag/Team':'red'}"),
      GET " s3:existingobjecttag/team=red", '-' },
    { __LINE__, S3_KEYS, IF("'StringEquals':{'s3:ExistingObjectTag/Team':'red'}"),
      GET " s3:existingobjecttag/Team=blue", '-' },
    { __LINE__, S3_EXAMPLES,
      DENY_IF("'StringNotEquals':{'s3:x-amz-server-side-encryption':'aws:kms'}"),
      "alice s3:PutObject b/k", 'D' },
    { __LINE__, S3_EXAMPLES,
      DENY_IF("'StringNotEquals':{'s3:x-amz-server-side-encryption':'aws:kms'}"),
      "alice s3:PutObject b/k s3:x-amz-server-side-encryption=aws:kms", '-' },
    { __LINE__, S3_EXAMPLES, IF("'StringEquals':{'s3:DataAccessPointAccount':'111122223333'}"),
      GET " s3:dataaccesspointaccount=111122223333", 'A' },
    { __LINE__, S3_EXAMPLES, IF("'StringEquals':{'s3:DataAccessPointAccount':'111122223333'}"), GET,
      '-' },
    /* numbers */
    { __LINE__, OPERATORS, IF("'NumericEquals':{'s3:max-keys':'10'}"), GET " s3:max-keys=10", 'A' },
    { __LINE__, OPERATORS, IF("'NumericEquals':{'s3:max-keys':10}"), GET " s3:max-keys=10", 'A' },
    { __LINE__, OPERATORS, IF("'NumericEquals':{'s3:max-keys':'10'}"), GET " s3:max-keys=11", '-' },
    { __LINE__, OPERATORS, IF("'NumericEquals':{'s3:max-keys':'10'}"), GET, '-' },
    { __LINE__, OPERATORS, IF("'NumericEquals':{'s3:max-keys':'10'}"), GET " s3:max-keys=ten",
      '-' },
    { __LINE__, OPERATORS, IF("'NumericNotEquals':{'s3:max-keys':'10'}"), GET " s3:max-keys=11",
      'A' },
    { __LINE__, OPERATORS, IF("'NumericNotEquals':{'s3:max-keys':'10'}"), GET " s3:max-keys=10",
      '-' },
    { __LINE__, OPERATORS, IF("'NumericNotEquals':{'s3:max-keys':'10'}"), GET, 'A' },
    { __LINE__, OPERATORS, IF("'NumericLessThan':{'s3:max-keys':'10'}"), GET " s3:max-keys=9",
      'A' },
    { __LINE__, OPERATORS, IF("'NumericLessThan':{'s3:max-keys':'10'}"), GET " s3:max-keys=10",
      '-' },
    { __LINE__, OPERATORS, IF("'NumericLessThanEquals':{'s3:max-keys':'10'}"),
      GET " s3:max-keys=10", 'A' },
    { __LINE__, OPERATORS, IF("'NumericLessThanEquals':{'s3:max-keys':'10'}"),
      GET " s3:max-keys=10.5", '-' },
    { __LINE__, OPERATORS, IF("'NumericGreaterThan':{'s3:max-keys':'10'}"), GET " s3:max-keys=11",
      'A' },
    { __LINE__, OPERATORS, IF("'NumericGreaterThan':{'s3:max-keys':'10'}"), GET " s3:max-keys=10",
      '-' },
    { __LINE__, OPERATORS, IF("'NumericGreaterThanEquals':{'s3:max-keys':'10'}"),
      GET " s3:max-keys=10", 'A' },
    { __LINE__, OPERATORS, IF("'NumericGreaterThanEquals':{'s3:max-keys':'10'}"),
      GET " s3:max-keys=-10", '-' },
    { __LINE__, S3_EXAMPLES, DENY_IF("'NumericGreaterThan':{'s3:signatureAge':'600000'}"),
      GET " s3:signatureage=600001", 'D' },
    { __LINE__, S3_EXAMPLES, DENY_IF("'NumericLessThan':{'s3:TlsVersion':1.2}"),
      GET " s3:tlsversion=1.2", '-' },
    /* dates */
    { __LINE__, OPERATORS, IF("'DateLessThan':{'aws:CurrentTime':'2026-01-02T00:00:00Z'}"),
      GET " aws:currenttime=2026-01-01T23:59:59Z", 'A' },
    { __LINE__, OPERATORS, IF("'DateLessThan':{'aws:CurrentTime':'2026-01-02T00:00:00Z'}"),
      GET " aws:currenttime=2026-01-02T00:00:00Z", '-' },
    { __LINE__, OPERATORS, IF("'DateLessThanEquals':{'aws:CurrentTime':'2026-01-02T00:00:00Z'}"),
      GET " aws:currenttime=2026-01-02T00:00:00Z", 'A' },
    { __LINE__, OPERATORS, IF("'DateGreaterThan':{'aws:CurrentTime':'2026-01-02'}"),
      GET " aws:currenttime=2026-01-02T00:00:01Z", 'A' },
    { __LINE__, OPERATORS, IF("'DateGreaterThan':{'aws:CurrentTime':'2026-01-02'}"),
      GET " aws:currenttime=2026-01-01T00:00:01Z", '-' },
    { __LINE__, OPERATORS, IF("'DateGreaterThanEquals':{'aws:EpochTime':'1767312000'}"),
      GET " aws:epochtime=1767312000", 'A' },
    { __LINE__, OPERATORS, IF("'DateEquals':{'aws:EpochTime':'1767312000'}"),
      GET " aws:epochtime=1767312000", 'A' },
    { __LINE__, OPERATORS, IF("'DateEquals':{'aws:CurrentTime':'1767312000'}"),
      GET " aws:currenttime=2026-01-02T00:00:00Z", 'A' },
    { __LINE__, OPERATORS, IF("'DateNotEquals':{'aws:EpochTime':'1767312000'}"),
      GET " aws:epochtime=1767312000", '-' },
    { __LINE__, OPERATORS, IF("'DateNotEquals':{'aws:EpochTime':'1767312000'}"), GET, 'A' },
    { __LINE__, OPERATORS, IF("'DateLessThan':{'aws:CurrentTime':'2026-01-02T00:00:00Z'}"), GET,
      '-' },
    { __LINE__, OPERATORS,
      IF("'DateGreaterThan':{'aws:CurrentTime':'2026-01-01'},"
         "'DateLessThan':{'aws:CurrentTime':'2026-01-03'}"),
      GET " aws:currenttime=2026-01-02T00:00:00Z", 'A' },
    /* truth */
    { __LINE__, OPERATORS, IF("'Bool':{'aws:SecureTransport':'true'}"),
      GET " aws:securetransport=true", 'A' },
    { __LINE__, OPERATORS, IF("'Bool':{'aws:SecureTransport':true}"),
      GET " aws:securetransport=true", 'A' },
    { __LINE__, OPERATORS, IF("'Bool':{'aws:SecureTransport':'TRUE'}"),
      GET " aws:securetransport=true", 'A' },
    { __LINE__, OPERATORS, IF("'Bool':{'aws:SecureTransport':'true'}"),
      GET " aws:securetransport=false", '-' },
    { __LINE__, OPERATORS, IF("'Bool':{'aws:SecureTransport':'true'}"), GET, '-' },
    { __LINE__, S3_EXAMPLES, DENY_IF("'Bool':{'aws:SecureTransport':'false'}"),
      GET " aws:securetransport=false", 'D' },
    { __LINE__, S3_EXAMPLES, DENY_IF("'Bool':{'aws:SecureTransport':'false'}"),
      GET " aws:securetransport=true", '-' },
    { __LINE__, S3_EXAMPLES, DENY_IF("'Bool':{'aws:MultiFactorAuthPresent':'false'}"), GET, '-' },
    { __LINE__, OPERATORS, DENY_IF("'BoolIfExists':{'aws:MultiFactorAuthPresent':'false'}"), GET,
      'D' },
    /* addresses */
    { __LINE__, OPERATORS, IF("'IpAddress':{'aws:SourceIp':'203.0.113.0/24'}"),
      GET " aws:sourceip=203.0.113.7", 'A' },
    { __LINE__, OPERATORS, IF("'IpAddress':{'aws:SourceIp':'203.0.113.0/24'}"),
      GET " aws:sourceip=203.0.114.7", '-' },
    { __LINE__, OPERATORS, IF("'IpAddress':{'aws:SourceIp':'203.0.113.7'}"),
      GET " aws:sourceip=203.0.113.7", 'A' },
    { __LINE__, OPERATORS, IF("'IpAddress':{'aws:SourceIp':'203.0.113.7'}"),
      GET " aws:sourceip=203.0.113.8", '-' },
    { __LINE__, OPERATORS, IF("'IpAddress':{'aws:SourceIp':'203.0.113.128/25'}"),
      GET " aws:sourceip=203.0.113.127", '-' },
    { __LINE__, OPERATORS, IF("'IpAddress':{'aws:SourceIp':'203.0.113.128/25'}"),
      GET " aws:sourceip=203.0.113.200", 'A' },
    { __LINE__, OPERATORS, IF("'IpAddress':{'aws:SourceIp':'0.0.0.0/0'}"),
      GET " aws:sourceip=8.8.8.8", 'A' },
    { __LINE__, OPERATORS, IF("'IpAddress':{'aws:SourceIp':'0.0.0.0/0'}"),
      GET " aws:sourceip=2001:db8::1", '-' },
    { __LINE__, OPERATORS, IF("'IpAddress':{'aws:SourceIp':'2001:DB8:1234:5678::/64'}"),
      GET " aws:sourceip=2001:db8:1234:5678::9", 'A' },
    { __LINE__, OPERATORS, IF("'IpAddress':{'aws:SourceIp':'2001:DB8:1234:5678::/64'}"),
      GET " aws:sourceip=2001:db8:1234:5679::9", '-' },
    { __LINE__, SEVERAL, IF("'IpAddress':{'aws:SourceIp':['203.0.113.0/24','2001:db8::/32']}"),
      GET " aws:sourceip=2001:db8::1", 'A' },
    { __LINE__, OPERATORS, IF("'NotIpAddress':{'aws:SourceIp':'203.0.113.0/24'}"),
      GET " aws:sourceip=203.0.113.7", '-' },
    { __LINE__, OPERATORS, IF("'NotIpAddress':{'aws:SourceIp':'203.0.113.0/24'}"),
      GET " aws:sourceip=198.51.100.1", 'A' },
    { __LINE__, OPERATORS, IF("'NotIpAddress':{'aws:SourceIp':'203.0.113.0/24'}"), GET, 'A' },
    { __LINE__, S3_EXAMPLES, DENY_IF("'NotIpAddress':{'aws:SourceIp':'192.0.2.0/24'}"),
      GET " aws:sourceip=203.0.113.7", 'D' },
    { __LINE__, OPERATORS, IF("'IpAddress':{'aws:SourceIp':'203.0.113.0/24'}"), GET, '-' },
    /* ARNs */
    { __LINE__, OPERATORS,
      IF("'ArnEquals':{'aws:PrincipalArn':'arn:aws:iam::111122223333:role/x'}"),
      GET " aws:principalarn=arn:aws:iam::111122223333:role/x", 'A' },
    { __LINE__, OPERATORS, IF("'ArnLike':{'aws:PrincipalArn':'arn:aws:iam::*:role/x*'}"),
      GET " aws:principalarn=arn:aws:iam::111122223333:role/xy", 'A' },
    { __LINE__, OPERATORS, IF("'ArnEquals':{'aws:PrincipalArn':'arn:aws:iam::*:role/x*'}"),
      GET " aws:principalarn=arn:aws:iam::111122223333:role/xy", 'A' },
    { __LINE__, OPERATORS, IF("'ArnLike':{'aws:PrincipalArn':'arn:aws:*:role/x'}"),
      GET " aws:principalarn=arn:aws:iam::111122223333:user/x", '-' },
    { __LINE__, OPERATORS, IF("'ArnLike':{'aws:PrincipalArn':'arn:aws:iam::*:user/*'}"),
      GET " aws:principalarn=arn:aws:iam::111122223333:role/xy", '-' },
    { __LINE__, OPERATORS, IF("'ArnLike':{'aws:PrincipalArn':'arn:aws:iam::*:user/*'}"), GET, '-' },
    { __LINE__, OPERATORS, IF("'ArnNotLike':{'aws:PrincipalArn':'arn:aws:iam::*:user/*'}"),
      GET " aws:principalarn=arn:aws:iam::111122223333:role/xy", 'A' },
    { __LINE__, OPERATORS, IF("'ArnNotEquals':{'aws:PrincipalArn':'arn:aws:iam::1:user/*'}"), GET,
      'A' },
    { __LINE__, S3_EXAMPLES,
      IF("'ArnLike':{'s3:DataAccessPointArn':'arn:aws:s3::111122223333:accesspoint/*.mrap'}"),
      GET " s3:dataaccesspointarn=arn:aws:s3::111122223333:accesspoint/mfzwi23gnjvgw.mrap", 'A' },
    { __LINE__, S3_EXAMPLES,
      IF("'StringLike':{'s3:DataAccessPointArn':'arn:aws:s3:*:111122223333:accesspoint/*'}"),
      GET " s3:dataaccesspointarn=arn:aws:s3::444455556666:accesspoint/mfzwi23gnjvgw.mrap", '-' },
    /* absence, IfExists, sets */
    { __LINE__, OPERATORS, IF("'Null':{'s3:x-amz-acl':'true'}"), GET, 'A' },
    { __LINE__, OPERATORS, IF("'Null':{'s3:x-amz-acl':'true'}"), GET " s3:x-amz-acl=private", '-' },
    { __LINE__, OPERATORS, IF("'Null':{'s3:x-amz-acl':'false'}"), GET " s3:x-amz-acl=private",
      'A' },
    { __LINE__, OPERATORS, IF("'Null':{'s3:x-amz-acl':'false'}"), GET, '-' },
    { __LINE__, OPERATORS, IF("'Null':{'s3:x-amz-acl':true}"), GET, 'A' },
    { __LINE__, S3_EXAMPLES,
      DENY_IF("'Null':{'s3:x-amz-server-side-encryption-customer-algorithm':'false'}"),
      GET " s3:x-amz-server-side-encryption-customer-algorithm=AES256", 'D' },
    { __LINE__, OPERATORS, IF("'StringEqualsIfExists':{'s3:prefix':'a'}"), GET, 'A' },
    { __LINE__, OPERATORS, IF("'StringEqualsIfExists':{'s3:prefix':'a'}"), GET " s3:prefix=b",
      '-' },
    { __LINE__, OPERATORS, IF("'NumericLessThanIfExists':{'s3:max-keys':'5'}"), GET, 'A' },
    { __LINE__, OPERATORS, IF("'IpAddressIfExists':{'aws:SourceIp':'203.0.113.0/24'}"), GET, 'A' },
    { __LINE__, OPERATORS, IF("'StringNotEqualsIfExists':{'s3:prefix':'a'}"), GET " s3:prefix=a",
      '-' },
    { __LINE__, SETS, IF("'ForAllValues:StringEquals':{'s3:RequestObjectTagKeys':['a','b']}"),
      GET " s3:requestobjecttagkeys=a|b", 'A' },
    { __LINE__, SETS, IF("'ForAllValues:StringEquals':{'s3:RequestObjectTagKeys':['a','b']}"),
      GET " s3:requestobjecttagkeys=a|c", '-' },
    { __LINE__, SETS, IF("'ForAllValues:StringEquals':{'s3:RequestObjectTagKeys':['a','b']}"), GET,
      'A' },
    { __LINE__, SETS, IF("'ForAnyValue:StringEquals':{'s3:RequestObjectTagKeys':['a','b']}"),
      GET " s3:requestobjecttagkeys=c|b", 'A' },
    { __LINE__, SETS, IF("'ForAnyValue:StringEquals':{'s3:RequestObjectTagKeys':['a','b']}"),
      GET " s3:requestobjecttagkeys=c|d", '-' },
    { __LINE__, SETS, IF("'ForAnyValue:StringEquals':{'s3:RequestObjectTagKeys':['a','b']}"), GET,
      '-' },
    { __LINE__, SETS, IF("'ForAllValues:StringNotEquals':{'s3:RequestObjectTagKeys':'a'}"),
      GET " s3:requestobjecttagkeys=b|c", 'A' },
    { __LINE__, SETS, IF("'ForAllValues:StringNotEquals':{'s3:RequestObjectTagKeys':'a'}"),
      GET " s3:requestobjecttagkeys=b|a", '-' },
    { __LINE__, SETS, IF("'ForAnyValue:StringNotEquals':{'s3:RequestObjectTagKeys':'a'}"),
      GET " s3:requestobjecttagkeys=b|a", 'A' },
    { __LINE__, SETS, IF("'ForAnyValue:StringNotEquals':{'s3:RequestObjectTagKeys':'a'}"),
      GET " s3:requestobjecttagkeys=a", '-' },
    { __LINE__, SETS, IF("'ForAnyValue:StringLike':{'s3:RequestObjectTagKeys':'cost*'}"),
      GET " s3:requestobjecttagkeys=x|cost-centre", 'A' },
    { __LINE__, SETS, IF("'ForAllValues:StringLikeIfExists':{'s3:RequestObjectTagKeys':'x*'}"), GET,
      'A' },
    /* variables */
    { __LINE__, VARIABLES, ON("arn:aws:s3:::b/home/${aws:username}/*"),
      "alice s3:GetObject b/home/alice/k aws:username=alice", 'A' },
    { __LINE__, VARIABLES, ON("arn:aws:s3:::b/home/${aws:username}/*"),
      "alice s3:GetObject b/home/bob/k aws:username=alice", '-' },
    { __LINE__, VARIABLES, ON("arn:aws:s3:::b/home/${aws:username}/*"),
      "anon s3:GetObject b/home/alice/k", '-' },
    { __LINE__, VARIABLES, ON("arn:aws:s3:::b/home/${AWS:UserName}/*"),
      "alice s3:GetObject b/home/alice/k aws:username=alice", 'A' },
    { __LINE__, VARIABLES, ON("arn:aws:s3:::b/${aws:username, 'anybody'}/*"),
      "anon s3:GetObject b/anybody/k", 'A' },
    { __LINE__, VARIABLES, ON("arn:aws:s3:::b/${aws:username, 'anybody'}/*"),
      "alice s3:GetObject b/anybody/k aws:username=alice", '-' },
    { __LINE__, VARIABLES, ON("arn:aws:s3:::b/${*}"), "alice s3:GetObject b/*", 'A' },
    { __LINE__, VARIABLES, ON("arn:aws:s3:::b/${*}"), GET, '-' },
    { __LINE__, VARIABLES, ON("arn:aws:s3:::b/${?}"), GET, '-' },
    { __LINE__, VARIABLES, ON("arn:aws:s3:::b/${$}"), "alice s3:GetObject b/$", 'A' },
    { __LINE__, VARIABLES, ON("arn:aws:s3:::b/${aws:username}"),
      "alice s3:GetObject b/anything aws:username=*", '-' },
    { __LINE__, VARIABLES, IF("'StringLike':{'s3:prefix':'home/${aws:username}/*'}"),
      GET " s3:prefix=home/alice/x aws:username=alice", 'A' },
    { __LINE__, VARIABLES, IF("'StringLike':{'s3:prefix':'home/${aws:username}/*'}"),
      GET " s3:prefix=home/bob/x aws:username=alice", '-' },
    { __LINE__, VARIABLES, IF("'StringEquals':{'s3:prefix':'${aws:username}'}"),
      GET " s3:prefix=alice aws:username=alice", 'A' },
    { __LINE__, VARIABLES, IF("'StringEquals':{'s3:prefix':'${aws:username}'}"),
      GET " s3:prefix=", '-' },
    { __LINE__, VARIABLES,
      IF("'StringEquals':{'s3:ExistingObjectTag/owner':'${aws:PrincipalTag/team}'}"),
      GET " s3:existingobjecttag/owner=red aws:principaltag/team=red", 'A' },
    { __LINE__, VARIABLES, ON("arn:aws:s3:::${aws:PrincipalAccount}-b/*"),
      "alice s3:GetObject 111122223333-b/k aws:principalaccount=111122223333", 'A' },
    /* order */
    { __LINE__, LOGIC, OPEN "," S("Deny", ALL, "s3:GetObject", "arn:aws:s3:::b/*"), GET, 'D' },
    { __LINE__, LOGIC, S("Deny", ALL, "s3:GetObject", "arn:aws:s3:::b/*") "," OPEN, GET, 'D' },
    { __LINE__, LOGIC, OPEN "," S("Deny", ALL, "s3:PutObject", "arn:aws:s3:::b/*"), GET, 'A' },
    { __LINE__, LOGIC, OPEN "," S("Deny", BY_ACCOUNT("444455556666"), "s3:*", "*"), GET, 'A' },
    { __LINE__, LOGIC, OPEN "," S("Deny", BY_ACCOUNT("444455556666"), "s3:*", "*"),
      "bob s3:GetObject b/k", 'D' },
    { __LINE__, LOGIC, OPEN "," S("Deny", BY_ACCOUNT("111122223333"), "s3:*", "*"),
      "anon s3:GetObject b/k", 'A' },
    { __LINE__, LOGIC, S("Allow", BY_ACCOUNT("111122223333"), "s3:*", "*") "," OPEN, GET, 'A' },
    { __LINE__, LOGIC, DOES("s3:PutObject") "," DOES("s3:DeleteObject"), GET, '-' },
    { __LINE__, LOGIC, DOES("s3:PutObject") "," DOES("s3:GetObject"), GET, 'A' },
    { __LINE__, LOGIC, OPEN "," DENY_IF("'Bool':{'aws:SecureTransport':'false'}"),
      GET " aws:securetransport=true", 'A' },
    { __LINE__, LOGIC, OPEN "," DENY_IF("'Bool':{'aws:SecureTransport':'false'}"),
      GET " aws:securetransport=false", 'D' },
    { __LINE__, LOGIC,
      OPEN "," DENY_IF("'StringNotEquals':{'aws:PrincipalAccount':'111122223333'}"),
      "anon s3:GetObject b/k", 'D' },
};

/* --- the harness --- */

struct asked {
    struct arena *arena;
    struct fields values; /* key, value; several of a key are several values */
};

static bool value_of(void *ctx, str key, struct policy_values *out)
{
    struct asked *asked = ctx;
    str *values = ARENA_ARRAY(asked->arena, str, asked->values.count + 1);
    size_t count = 0;
    for (size_t i = 0; i < asked->values.count; i++)
        if (str_eq(asked->values.at[i].name, key))
            values[count++] = asked->values.at[i].value;
    *out = (struct policy_values){ values, count };
    return count > 0;
}

static const struct {
    const char *name;
    struct policy_principal who;
} people[] = {
    { "alice",
      { .account = { "111122223333", 12 },
        .arn = { "arn:aws:iam::111122223333:user/alice", 36 },
        .canonical = { "c0ffee", 6 } } },
    { "root",
      { .account = { "111122223333", 12 },
        .arn = { "arn:aws:iam::111122223333:root", 30 },
        .canonical = { "c0ffee", 6 } } },
    { "bob",
      { .account = { "444455556666", 12 },
        .arn = { "arn:aws:iam::444455556666:user/bob", 34 },
        .canonical = { "b0b", 3 } } },
    { "session",
      { .account = { "111122223333", 12 },
        .arn = { "arn:aws:sts::111122223333:assumed-role/deployer/run", 51 },
        .role = { "deployer", 8 },
        .canonical = { "c0ffee", 6 } } },
    { "service", { .service = { "s3.amazonaws.com", 16 } } },
    { "anon", { .anonymous = true } },
};

static const struct policy_principal *who_is(str name)
{
    for (size_t i = 0; i < COUNT(people); i++)
        if (str_is(name, people[i].name))
            return &people[i].who;
    fail_msg("nobody is called %.*s", STR_ARG(name));
    return NULL;
}

static str quoted(struct arena *arena, const char *text)
{
    char *out = str_c(arena, str_of(text));
    for (size_t depth = 0, i = 0; out[i]; i++) {
        depth += out[i] == '$' && out[i + 1] == '{';
        depth -= depth > 0 && out[i] == '}';
        if (out[i] == '\'' && depth == 0)
            out[i] = '"';
    }
    return str_of(out);
}

static str document(struct arena *arena, const char *statements)
{
    return str_format(arena, "{\"Version\":\"2012-10-17\",\"Statement\":[%.*s]}",
                      STR_ARG(quoted(arena, statements)));
}

static char answer(struct arena *arena, const struct policy *policy, const char *text)
{
    struct asked asked = { arena, { 0 } };
    struct policy_question question = { .values = value_of, .ctx = &asked };
    str rest = str_of(text), piece, key, value, one;
    for (unsigned i = 0; str_next(&rest, ' ', &piece); i++) {
        if (i == 0)
            question.who = who_is(piece);
        else if (i == 1)
            question.action = piece;
        else if (i == 2)
            question.resource = str_format(arena, "arn:aws:s3:::%.*s", STR_ARG(piece));
        else if (str_cut(piece, '=', &key, &value)) {
            if (value.size == 0)
                fields_add(arena, &asked.values, key, STR(""));
            while (value.size > 0 && str_next(&value, '|', &one))
                fields_add(arena, &asked.values, key, one);
        }
    }
    struct policy_verdict verdict = policy_evaluate(policy, &question);
    return verdict.effect == POLICY_DENY   ? 'D'
           : verdict.effect == POLICY_NONE ? '-'
           : verdict.direct                ? 'A'
                                           : 'a';
}

TEST(every_row_of_the_truth_table_is_answered_as_aws_does)
{
    struct arena *arena = arena_new();
    assert_true(COUNT(rows) >= 200);
    for (size_t i = 0; i < COUNT(rows); i++) {
        str why = STR_NONE;
        const struct policy *policy = policy_parse(arena, document(arena, rows[i].statements),
                                                   POLICY_RESOURCE, STR_NONE, &why);
        if (policy == NULL)
            fail_msg("%d: %.*s", rows[i].line, STR_ARG(why));
        char got = answer(arena, policy, rows[i].ask);
        if (got != rows[i].want)
            fail_msg("%d: %c instead of %c (%s)", rows[i].line, got, rows[i].want, rows[i].source);
    }
    arena_free(arena);
}

/* --- what is no policy --- */

static const struct {
    int line;
    const char *text, *why;
} malformed[] = {
    { __LINE__, "", "Policies must be valid JSON and the first byte must be '{'" },
    { __LINE__, " {}", "Policies must be valid JSON and the first byte must be '{'" },
    { __LINE__, "[]", "Policies must be valid JSON and the first byte must be '{'" },
    { __LINE__, "{'Statement':", "This policy contains invalid Json" },
    { __LINE__, "{}", "Missing required field Statement" },
    { __LINE__, "{'Version':'2012-10-17'}", "Missing required field Statement" },
    { __LINE__, "{'Version':'2012-10-18','Statement':[]}",
      "The policy must contain a valid version string" },
    { __LINE__, "{'Statement':[]}", "Could not parse the policy: Statement is empty!" },
    { __LINE__, "{'Statement':['x']}", "Invalid policy syntax." },
    { __LINE__, "{'Statements':[]}", "Unknown field Statements" },
    { __LINE__, "{'Statement':[{'Effect':'Allow','Who':'*'}]}", "Unknown field Who" },
    { __LINE__, "{'Statement':{'Principal':'*'}}", "Missing required field Effect" },
    { __LINE__, "{'Statement':{'Effect':'allow'}}", "Invalid effect: allow" },
    { __LINE__, "{'Statement':{'Effect':'Allow'}}", "Missing required field Principal" },
    { __LINE__, "{'Statement':{'Effect':'Allow','Principal':'me'}}", "Invalid policy syntax." },
    { __LINE__, "{'Statement':{'Effect':'Allow','Principal':{'AWS':'me'}}}",
      "Invalid principal in policy" },
    { __LINE__, "{'Statement':{'Effect':'Allow','Principal':{'AWS':'arn:aws:iam::1:root'}}}",
      "Invalid principal in policy" },
    { __LINE__,
      "{'Statement':{'Effect':'Allow','Principal':{'AWS':'arn:aws:iam::111122223333:user/*'}}}",
      "Invalid principal in policy" },
    { __LINE__, "{'Statement':{'Effect':'Allow','Principal':'*'}}",
      "Missing required field Action" },
    { __LINE__, "{'Statement':{'Effect':'Allow','Principal':'*','Action':'GetObject'}}",
      "Policy has invalid action" },
    { __LINE__, "{'Statement':{'Effect':'Allow','Principal':'*','Action':'ec2:Run'}}",
      "Policy has invalid action" },
    { __LINE__, "{'Statement':{'Effect':'Allow','Principal':'*','Action':'s3:*'}}",
      "Missing required field Resource" },
    { __LINE__, "{'Statement':{'Effect':'Allow','Principal':'*','Action':'s3:*','Resource':'b'}}",
      "Policy has invalid resource" },
    { __LINE__,
      "{'Statement':{'Effect':'Allow','Principal':'*','Action':'s3:*',"
      "'Resource':'arn:aws:s3:::other/*'}}",
      "Policy has invalid resource" },
    { __LINE__,
      "{'Statement':{'Effect':'Allow','Principal':'*','Action':'s3:GetObject',"
      "'Resource':'arn:aws:s3:::b'}}",
      "Action does not apply to any resource(s) in statement" },
    { __LINE__,
      "{'Statement':{'Effect':'Allow','Principal':'*','Action':'s3:ListBucket',"
      "'Resource':'arn:aws:s3:::b/*'}}",
      "Action does not apply to any resource(s) in statement" },
    { __LINE__, "{'Statement':" IF("'StringIs':{'s3:prefix':'a'}") "}",
      "Invalid Condition type : StringIs" },
    { __LINE__, "{'Statement':" IF("'StringEquals':{'s3:nonsense':'a'}") "}",
      "Policy has an invalid condition key" },
    { __LINE__, "{'Statement':" IF("'StringEquals':{'prefix':'a'}") "}",
      "Policy has an invalid condition key" },
    { __LINE__, "{'Statement':" IF("'NumericEquals':{'s3:max-keys':'many'}") "}",
      "Invalid value for condition s3:max-keys" },
    { __LINE__, "{'Statement':" IF("'IpAddress':{'aws:SourceIp':'1.2.3.4/33'}") "}",
      "Invalid value for condition aws:SourceIp" },
};

TEST(what_is_no_policy_is_said_in_aws_words)
{
    struct arena *arena = arena_new();
    for (size_t i = 0; i < COUNT(malformed); i++) {
        str why = STR_NONE;
        const struct policy *policy = policy_parse(arena, quoted(arena, malformed[i].text),
                                                   POLICY_RESOURCE, STR("arn:aws:s3:::b"), &why);
        if (policy || !str_is(why, malformed[i].why))
            fail_msg("%d: %.*s", malformed[i].line, STR_ARG(why));
    }
    arena_free(arena);
}

/* --- public --- */

static const struct {
    int line;
    const char *source, *statements;
    bool is_public;
} publics[] = {
    { __LINE__, S3_PUBLIC, OPEN, true },
    { __LINE__, S3_PUBLIC, FOR("{'AWS':'*'}"), true },
    { __LINE__, S3_PUBLIC, FOR("{'AWS':'111122223333'}"), false },
    { __LINE__, S3_PUBLIC, S("Deny", ALL, "s3:*", "*"), false },
    { __LINE__, S3_PUBLIC, IF("'StringEquals':{'aws:SourceVpc':'vpc-91237329'}"), false },
    { __LINE__, S3_PUBLIC, IF("'StringLike':{'aws:SourceVpc':'vpc-*'}"), true },
    { __LINE__, S3_PUBLIC, IF("'StringNotEquals':{'aws:SourceVpc':'vpc-91237329'}"), true },
    { __LINE__, S3_PUBLIC, IF("'IpAddress':{'aws:SourceIp':'203.0.113.0/24'}"), false },
    { __LINE__, S3_PUBLIC, IF("'IpAddress':{'aws:SourceIp':'0.0.0.0/1'}"), true },
    { __LINE__, S3_PUBLIC, IF("'IpAddress':{'aws:SourceIp':'2001:db8::/32'}"), false },
    { __LINE__, S3_PUBLIC, IF("'IpAddress':{'aws:SourceIp':'::/0'}"), true },
    { __LINE__, S3_PUBLIC, IF("'StringEquals':{'s3:DataAccessPointAccount':'111122223333'}"),
      false },
    { __LINE__, S3_PUBLIC,
      IF("'ArnLike':{'s3:DataAccessPointArn':'arn:aws:s3:*:111122223333:accesspoint/*'}"), false },
    { __LINE__, S3_PUBLIC, IF("'StringEquals':{'aws:PrincipalArn':'${aws:username}'}"), true },
    { __LINE__, S3_PUBLIC, IF("'StringLike':{'s3:prefix':'public/*'}"), true },
    { __LINE__, S3_PUBLIC, FOR("{'AWS':'111122223333'}") "," OPEN, true },
};

TEST(a_policy_is_public_as_aws_means_it)
{
    struct arena *arena = arena_new();
    for (size_t i = 0; i < COUNT(publics); i++) {
        str why = STR_NONE;
        const struct policy *policy = policy_parse(arena, document(arena, publics[i].statements),
                                                   POLICY_RESOURCE, STR_NONE, &why);
        if (policy == NULL || policy_is_public(policy) != publics[i].is_public)
            fail_msg("%d: %.*s (%s)", publics[i].line, STR_ARG(why), publics[i].source);
    }
    arena_free(arena);
}

/* --- bounds --- */

static str repeated(struct arena *arena, const char *piece, size_t times)
{
    struct buf buf;
    buf_init_arena(&buf, arena, 1 << 20);
    for (size_t i = 0; i < times; i++)
        buf_add(&buf, str_of(piece));
    return buf_str(&buf);
}

TEST(no_pattern_is_catastrophic_and_what_takes_too_long_is_denied)
{
    struct arena *arena = arena_new();
    struct asked asked = { arena, { 0 } };
    str why = STR_NONE;
    str text = str_format(
        arena,
        "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\","
        "\"Action\":\"s3:*\",\"Resource\":\"arn:aws:s3:::b/%.*sb\"}]}",
        STR_ARG(repeated(arena, "a*", 3000)));
    const struct policy *policy = policy_parse(arena, text, POLICY_RESOURCE, STR_NONE, &why);
    assert_non_null(policy);
    struct policy_question question = {
        .who = who_is(STR("anon")), .action = STR("s3:GetObject"), .values = value_of, .ctx = &asked
    };
    question.resource =
        str_format(arena, "arn:aws:s3:::b/%.*s", STR_ARG(repeated(arena, "a", 1024)));
    assert_int_equal(policy_evaluate(policy, &question).effect, POLICY_NONE);
    str huge = str_format(arena, "%.*s%.*s", STR_ARG(text), STR_ARG(repeated(arena, " ", 20480)));
    assert_null(policy_parse(arena, huge, POLICY_RESOURCE, STR_NONE, &why));
    assert_true(str_starts(why, STR("Policy exceeds")));
    arena_free(arena);
}

TEST(a_hundred_statements_take_less_than_twenty_microseconds)
{
    enum { ROUNDS = 2000, STATEMENTS = 100 };
    struct arena *arena = arena_new();
    struct asked asked = { arena, { 0 } };
    struct buf buf;
    str why = STR_NONE;
    buf_init_arena(&buf, arena, 1 << 20);
    for (int i = 0; i < STATEMENTS; i++)
        buf_addf(&buf,
                 "%s{\"Effect\":\"%s\",\"Principal\":{\"AWS\":\"111122223333\"},\"Action\":"
                 "\"s3:Get*\",\"Resource\":\"arn:aws:s3:::b/prefix-%d/*\"}",
                 i ? "," : "", i % 2 ? "Allow" : "Deny", i);
    str text = str_format(arena, "{\"Statement\":[%.*s]}", STR_ARG(buf_str(&buf)));
    const struct policy *policy = policy_parse(arena, text, POLICY_RESOURCE, STR_NONE, &why);
    assert_non_null(policy);
    struct policy_question question = { .who = who_is(STR("alice")),
                                        .action = STR("s3:GetObject"),
                                        .resource = STR("arn:aws:s3:::b/prefix-99/2026/01/02/k"),
                                        .values = value_of,
                                        .ctx = &asked };
    duration best = { INT64_MAX };
    for (int round = 0; round < ROUNDS; round++) {
        duration began = clock_mono();
        assert_int_equal(policy_evaluate(policy, &question).effect, POLICY_ALLOW);
        int64_t took = clock_mono().ns - began.ns;
        best.ns = took < best.ns ? took : best.ns;
    }
    print_message("%lld ns for %d statements\n", (long long) best.ns, STATEMENTS);
    assert_true(best.ns < 20000);
    arena_free(arena);
}
