//! TEMPORARY
use cofactor_core::{Compound, CompoundIx, Feature, FeatureIx, Tolerance};
use crate::{RunAlignment, RunFeatures};
/// x
#[derive(Debug, Clone)]
pub struct Linked { /// x
 pub ions: Vec<LinkedIon>, /// x
 pub compounds: Vec<Compound> }
/// x
#[derive(Debug, Clone)]
pub struct LinkedIon { /// x
 pub feature: Feature, /// x
 pub sightings: Vec<Option<FeatureIx>> }
/// x
pub fn link(runs: &[RunFeatures], al: &[RunAlignment], tol: Tolerance) -> Linked {
    if runs.len()==1 { return Linked { ions: runs[0].features.iter().map(|f| LinkedIon { feature: f.clone(), sightings: vec![Some(f.position())] }).collect(), compounds: runs[0].compounds.to_vec() }; }
    let mut all: Vec<(usize, f64, f64, &Feature)> = Vec::new();
    for (r, run) in runs.iter().enumerate() { for f in run.features { all.push((r, f.precursor.mz/(1.0+1e-6*al[r].mz_offset_ppm), al[r].study_seconds(f.rt_seconds), f)); } }
    all.sort_by(|a,b| b.3.height.total_cmp(&a.3.height));
    let mut ions: Vec<(f64,f64,Vec<Option<usize>>,usize)> = Vec::new(); // mz rt members best
    for (i,x) in all.iter().enumerate() {
        let mut best: Option<(f64,usize)> = None;
        for (j,ion) in ions.iter().enumerate() {
            if tol.matches(ion.0,x.1) && (ion.1-x.2).abs()<2.0 && ion.2[x.0].is_none() && all[ion.3].3.found_in==x.3.found_in {
                let d=(ion.1-x.2).abs();
                if best.is_none_or(|b| d<b.0) { best=Some((d,j)); }
            }
        }
        match best { Some((_,j)) => ions[j].2[x.0]=Some(i), None => { let mut m=vec![None;runs.len()]; m[x.0]=Some(i); ions.push((x.1,x.2,m,i)); } }
    }
    ions.sort_by(|a,b| { let k=|x:&(f64,f64,Vec<Option<usize>>,usize)| all[x.3].3.found_in==cofactor_core::FoundIn::Ms2; k(a).cmp(&k(b)).then(a.0.total_cmp(&b.0)).then(a.1.total_cmp(&b.1)) });
    let home: std::collections::HashMap<(usize,usize),usize> = ions.iter().enumerate().flat_map(|(p,x)| x.2.iter().flatten().map(|&i| ((all[i].0, all[i].3.id-1),p)).collect::<Vec<_>>()).collect();
    // compounds: union by the best sighting's compound members
    let mut parent: Vec<usize>=(0..ions.len()).collect();
    fn find(p:&mut Vec<usize>, i:usize)->usize { if p[i]!=i { let r=find(p,p[i]); p[i]=r; } p[i] }
    let mut votes: std::collections::BTreeMap<(usize,usize),usize> = Default::default();
    for (r,run) in runs.iter().enumerate() { for c in run.compounds { let m: Vec<usize>=c.ions.iter().filter_map(|i| home.get(&(r,i.0)).copied()).collect(); for a in 0..m.len() { for b in a+1..m.len() { *votes.entry((m[a].min(m[b]),m[a].max(m[b]))).or_default()+=1; } } } }
    for ((a,b),n) in votes { let both=(0..runs.len()).filter(|&r| ions[a].2[r].is_some()&&ions[b].2[r].is_some()).count(); if 2*n>both { let (x,y)=(find(&mut parent,a),find(&mut parent,b)); parent[x]=y; } }
    let mut compounds: Vec<Compound>=Vec::new(); let mut of: std::collections::HashMap<usize,usize>=Default::default(); let mut comp=vec![None;ions.len()];
    for i in 0..ions.len() { let f=all[ions[i].3].3; if f.compound.is_none() { continue; } let root=find(&mut parent,i); let c=*of.entry(root).or_insert_with(|| { compounds.push(Compound{neutral_mass:None,probability:None,ions:vec![]}); compounds.len()-1 }); compounds[c].ions.push(FeatureIx(i)); comp[i]=Some(CompoundIx(c)); }
    for c in &mut compounds { c.ions.sort_by(|a,b| all[ions[b.0].3].3.height.total_cmp(&all[ions[a.0].3].3.height)); }
    let med=|mut v:Vec<f64>| { v.sort_by(f64::total_cmp); v[v.len()/2] };
    let out = ions.iter().enumerate().map(|(p,x)| { let ms: Vec<(usize,&Feature)> = x.2.iter().flatten().map(|&i| (all[i].0, all[i].3)).collect(); let b=all[x.3].3;
        let mut f=b.clone(); f.id=p+1; f.precursor.mz=med(ms.iter().map(|(r,f)| f.precursor.mz/(1.0+1e-6*al[*r].mz_offset_ppm)).collect());
        let off=1.0+1e-6*al[all[x.3].0].mz_offset_ppm; for i in &mut f.isotopologues { i.mz/=off; }
        f.rt_seconds=med(ms.iter().map(|(r,f)| al[*r].study_seconds(f.rt_seconds)).collect());
        f.rt_start=med(ms.iter().map(|(r,f)| al[*r].study_seconds(f.rt_start)).collect()); f.rt_end=med(ms.iter().map(|(r,f)| al[*r].study_seconds(f.rt_end)).collect());
        f.fwhm_seconds=med(ms.iter().map(|(_,f)| f.fwhm_seconds).collect()); f.compound=comp[p];
        if let cofactor_core::Relation::Artefact{beside}=f.relation { f.relation = match home.get(&(all[x.3].0,beside.0)) { Some(&h)=>cofactor_core::Relation::Artefact{beside:FeatureIx(h)}, None=>cofactor_core::Relation::Background }; }
        LinkedIon{feature:f, sightings: x.2.iter().map(|m| m.map(|i| all[i].3.position())).collect()} }).collect();
    Linked { ions: out, compounds }
}
