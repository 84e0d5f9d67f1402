//! Faults as people see them.

use insta::assert_snapshot;

use crate::config::tests::rendered;
use crate::config::{Colours, Fault, Place, Source, load};

#[test]
fn broken_toml() {
    assert_snapshot!(rendered("[app]\nname = \"Tiny\nurl = 3\n"));
}

#[test]
fn an_unknown_key() {
    assert_snapshot!(rendered("[app]\nnmae = \"Tiny Blog\"\n\n[databse]\nurl = \"\"\n"));
}

#[test]
fn an_unknown_type() {
    assert_snapshot!(rendered(
        "[collections.posts.fields]\ntitle = \"text!\"\nbody  = \"edtor! max=1MB\"\n"
    ));
}

#[test]
fn an_unknown_field_in_a_rule() {
    assert_snapshot!(rendered(
        "[policies]\nlive = \"statsu = 'published'\"\n\n[collections.posts]\nfields = { status = \"text\" }\n\
         rules = { read = \"titel = 'x' || $live\", create = \"status = \" }\n"
    ));
}

#[test]
fn an_unknown_target() {
    assert_snapshot!(rendered(
        "[collections.users]\ntype = \"auth\"\n[collections.posts.fields]\nauthor = \"-> user! on_delete=cascade\"\n"
    ));
}

#[test]
fn a_circle_of_policies() {
    assert_snapshot!(rendered(
        "[policies]\nadmin = \"$staff && 1 = 1\"\nstaff = \"$owner || $admin\"\nown = \"$own || $sttaf\"\n"
    ));
}

#[test]
fn two_fields_of_one_name() {
    assert_snapshot!(rendered("[collections.posts.fields]\ntitle = \"text\"\nTitle = \"text!\"\n"));
}

#[test]
fn unset_variables() {
    assert_snapshot!(rendered(
        "[app]\nname = \"${APP_NAME}\"\n[mail]\nsmtp = \"smtp://${SMTP_USER:?ask the admins}@${SMTP_HOST}\"\n\
         [auth]\nkey = \"${file:/run/secrets/key}\"\n"
    ));
}

#[test]
fn several_at_once() {
    assert_snapshot!(rendered(
        "strict = \"yes\"\non_boot = \"aply-safe\"\n\n[server]\nhttp = \"8090\"\norigins = \"*\"\n\n\
         [collections.posts]\ntype = \"bse\"\n\n[collections.tags]\nlogin = [\"password\"]\nowner = \"author\"\n\
         indexes = [\"nmae\"]\n\n[collections.tags.fields]\nname = \"text! uniqe max=ten\"\n\n\
         [collections.tags.rules]\nread = \"\"\ncreate = \"$admin\"\nupdate = \"owner\"\n"
    ));
}

#[test]
fn faults_that_are_found_later_point_into_the_same_files() {
    let config =
        load(&Source::of_text("[collections.posts.fields]\nslug = \"text! unique\"\n")).unwrap();
    let place: &Place = &config.collection("posts").unwrap().places.fields["slug"];
    let fault = Fault::error("3 values occur twice").at(place).help("mend the rows first");
    assert_snapshot!(config.report(vec![fault]).render(Colours::Plain));
}

#[test]
fn colours_are_an_option() {
    let report = load(&Source::of_text("nmae = 1")).unwrap_err();
    assert!(report.render(Colours::Ansi).contains('\u{1b}'));
    assert!(!report.render(Colours::Plain).contains('\u{1b}'));
}
